"""Facts as words for people: headlines, sentences, names."""
