"""What every kind of source must do, in one class a sort: the tests of a kind inherit it."""
