"""PostgreSQL: engine, transactions and tables."""
