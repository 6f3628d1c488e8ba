"""Words and their forms: sentences, dates, spellings, phrases, languages. Knows nothing of pages or changes."""
