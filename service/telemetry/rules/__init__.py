"""The rules of the redactor: a kind of private data, a pattern, and a check of each match.

Checksums are python-stdnum's, telephone numbers phonenumbers'. Published token formats, names before a value and the
forms of text around both have no library that finds them inside a text without also changing clean ones
(docs/service.md has the measurements).
"""
