"""What several pages draw."""





