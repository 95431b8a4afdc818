"""The nouns and rules of the field: pure, given `now`, knowing no library of I/O."""
