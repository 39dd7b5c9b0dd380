"""The theory on finite alphabets, exact: information quantities, both bounds, counter-examples."""
