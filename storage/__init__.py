"""The only package that knows SQL: one noun a file, its table and its queries."""
