"""The report of a proof: on the screen, as data, as Markdown, and as one page with plots."""
