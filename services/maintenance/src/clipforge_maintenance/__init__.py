"""Removes what nobody refers to any more from the object store."""
