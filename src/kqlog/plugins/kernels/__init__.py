"""What is Python over whole Arrow tables: the functions of the plan's Custom nodes."""
