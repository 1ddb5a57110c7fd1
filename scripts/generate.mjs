// Nothing is generated yet: the schema bundle and its types are made here.
