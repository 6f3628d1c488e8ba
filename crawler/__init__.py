"""The only package that knows Scrapy: fetches pages politely, and stores checks and captures."""
