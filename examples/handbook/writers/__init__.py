"""Writers of the sample handbook: one module for each family of file formats."""
