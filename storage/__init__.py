"""The only part that knows SQL: one noun a file, its table and its queries; `database` opens and migrates."""
