"""one_input"""
