"""The document of a search for hyper-parameters: the method that was used, then what it found."""
