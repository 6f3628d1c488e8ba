"""The only part that knows Scrapy: fetches pages politely, stores a check of each and a capture of a new text."""
