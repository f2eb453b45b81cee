"""What Southlink promises, said as tests."""
