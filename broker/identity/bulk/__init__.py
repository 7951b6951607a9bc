"""Many students at a time: Splink on DuckDB or Spark, by the same model as one at a time."""
