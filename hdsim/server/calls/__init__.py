"""The remote calls: what each takes, does and answers."""
