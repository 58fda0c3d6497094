"""What every resource is made of: operations with a policy, strict bodies, errors of one shape, pages."""
