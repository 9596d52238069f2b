create table berths (berth text primary key, pontoon text, max_len decimal(5,2), price_night decimal(6,2), power integer);
create table boats (boat_id integer primary key, boat text, owner text, email text, len_m decimal(5,2), flag text);
create table visits (visit_id integer primary key, boat_id integer references boats(boat_id), berth text references berths(berth), came date, goes date, left_on date, paid text);
insert into berths values ('A1','A',8,18,1),('A2','A',8,18,0),('B1','B',12,29.5,1),('B2','B',12,29.5,1),('C1','C',18,48,1),('C2','C',18,48,0),('C3','C',18,48,1);
insert into boats values (1,'Sea Otter','Finn Dahl','finn@dahl.example',7.4,'NO'),(2,'Marguerite','Luc Perrin','luc.perrin@mail.example',11.2,'FR'),(3,'Kestrel','R. Shaw',null,9.8,'GB'),(4,'Otter II','Maja Dahl','maja@dahl.example',12.6,'no'),(5,'Blue Note','Ella Birk','ella.birk@post.example',16.9,'DK');
insert into visits values (1,1,'A1','2026-08-28','2026-08-31',null,'N'),(2,2,'B1','2026-08-20','2026-08-29',null,'N'),(3,3,'B2','2026-08-30','2026-09-03',null,'Y'),(4,5,'C1','2026-08-25','2026-09-05',null,'n'),(5,4,'C2','2026-07-11','2026-07-14','2026-07-14','N'),(6,1,'A2','2026-06-01','2026-06-05','2026-06-05','Y'),(7,2,'B2','2026-08-01','2026-08-06','2026-08-07','Y'),(8,4,'C2','2026-08-29','2026-09-02',null,'N');
insert into visits values (9,5,'C3','2025-08-10','2025-08-14','2025-08-14','Y');
