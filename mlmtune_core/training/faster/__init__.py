"""faster"""
