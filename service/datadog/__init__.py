"""``/datadog/*``: what the service does with Datadog's products at run time, one file for each product."""
