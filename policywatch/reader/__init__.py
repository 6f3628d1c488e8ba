"""A language model of the operator's as reader: it reads whole changes, and stands by nothing but quotations."""
