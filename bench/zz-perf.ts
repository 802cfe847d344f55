import argon2 from 'argon2';
import { readFileSync } from 'node:fs';
import { startDatabase } from '/work/main/bench/database.ts';
import { fillPeople } from '/work/main/bench/people.ts';
const db = await startDatabase('/tmp/h-stat/db', 'perf');
const hash = await argon2.hash('chaise3verte', {type: argon2.argon2id, memoryCost: 1024, timeCost: 1, parallelism: 1});
const cpu = () => { const f = readFileSync(`/proc/${db.pid}/stat`,'utf8').split(') ')[1]!.split(' '); return (Number(f[11])+Number(f[12]))/100; };
const from = `from guardian_references g inner join legal_links l on l.guardian_reference_id=g.id inner join pupils p on p.id=l.pupil_id inner join schools s on s.id=p.school_id left join wrong_attachments w on w.guardian_reference_id=l.guardian_reference_id and w.pupil_id=l.pupil_id and w.state='open' inner join accounts a on a.id=g.account_id where g.left_at is null and l.ended_at is null and p.left_at is null and w.state is null and a.kind='guardian' and a.closed_at is null and p.school_id in (IDS) and p.ine is not null and (s.degree=2 or p.class_id is not null)`;
const Q: Record<string,string> = {
 raw: `select p.school_id,p.class_id,p.level_label,a.id,a.state,a.origin ${from}`,
 rawcount: `select count(*) ${from}`,
 pupilsOnly: `select count(*) from pupils p join legal_links l on l.pupil_id=p.id where p.school_id in (IDS)`,
 pg: `select count(*) from pupils p join legal_links l on l.pupil_id=p.id join guardian_references g on g.id=l.guardian_reference_id where p.school_id in (IDS) and g.left_at is null`,
 distinct: `select count(*) from (select distinct p.school_id,p.class_id,a.id,a.state,a.origin, CONVERT(p.level_label USING utf8mb4) COLLATE utf8mb4_bin lv, CONVERT(p.mef_label USING utf8mb4) COLLATE utf8mb4_bin mef ${from}) r`,
 full: `select r.school_id,d.n,case when d.n=2 then r.class_id end cid, case when d.n=3 then r.lv when d.n=4 then r.mef end lab, r.state,r.origin,count(distinct r.id) from (select distinct p.school_id,p.class_id,s.degree,a.id,a.state,a.origin, CONVERT(p.level_label USING utf8mb4) COLLATE utf8mb4_bin lv, CONVERT(p.mef_label USING utf8mb4) COLLATE utf8mb4_bin mef ${from}) r cross join (select 1 n union all select 2 union all select 3 union all select 4) d where (d.n<4 or r.degree=2) group by 1,2,3,4,5,6`,
 byid: `select p.school_id,p.class_id,p.level_label,a.id,a.state,a.origin,count(*) ${from} group by a.id,p.school_id,p.class_id,p.level_label order by null`,
};
try {
  await fillPeople(db.sql, {accounts: 90000, accountsPerSchool: 1500, passwordHash: hash, activated: 70});
  await db.sql.raw('analyze table pupils, legal_links, guardian_references, accounts');
  for (const round of [1,2]) for (const [name,q] of Object.entries(Q)) for (const n of [1,20]) {
    const ids = Array.from({length:n},(_,i)=>i+1).join(',');
    const reps = n===1?20:2; const a=performance.now(),c=cpu(),u=process.cpuUsage();
    for (let i=0;i<reps;i++) await db.sql.raw(q.replace('IDS',ids));
    const v=process.cpuUsage(u);
    if (round===2) console.log(name,n,'db ms per school',((cpu()-c)*1000/reps/n).toFixed(1),'node ms', ((v.user+v.system)/1000/reps/n).toFixed(1), 'wall',((performance.now()-a)/reps/n).toFixed(1));
  }
} finally { await db.close(); }
