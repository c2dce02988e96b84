"""What is printed on a terminal: text in columns, rows of a query, tables for people."""
