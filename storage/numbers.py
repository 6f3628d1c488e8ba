"""How large a number the store can hold."""

LARGEST = 2**31 - 1  # of a PostgreSQL integer; a larger one names nothing
LARGEST_PLACE = 2**63 - 1  # of a bigint
