"""Service level objectives: indicators, budgets, burn rates, corrections (docs: service_level_objectives)."""
