"""What every document of a search for options shares: its trials, and what is said of them."""
