"""From a change to production and back: previews, drift, deployments, roll-backs."""
