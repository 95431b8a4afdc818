"""OpenAPI: the answers as types, what their fields and the parameters say, and the document."""
