"""What the server does beside drawing pages."""





