"""Write the files of a new alert, metric, scenario or policy into a checkout; a person fills in their texts."""
