"""What no relational operator says: functions from Arrow tables to one, named by plan.Custom."""
