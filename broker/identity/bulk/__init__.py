"""Many students at a time: Splink on DuckDB or Spark, with the same model as for one student at a time."""
