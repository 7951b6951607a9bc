"""What all tables share: their metadata, and the numbers that rows get by themselves."""

from sqlalchemy import BigInteger, Integer, MetaData

metadata = MetaData()

Serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only under this exact type
