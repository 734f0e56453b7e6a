{{ issues(source('points_verts', 'points_verts')) }}
