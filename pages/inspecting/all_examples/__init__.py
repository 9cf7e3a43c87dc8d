"""all_examples"""
