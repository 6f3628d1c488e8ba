"""The only part that knows Scrapy: asks for pages politely, keeps a check of each and a capture of new text."""
