"""inspecting"""
