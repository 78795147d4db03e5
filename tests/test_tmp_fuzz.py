from test_copyist import *
from hypothesis import settings
from scoreassist.grid.passage import notes_of
from scoreassist.theory.spelling import spell
import numpy as np
NAMES=["c5","c#5","d5","eb5","e5","f5","f#5","g5","bb4","b4","a4","g4","f4","f#4"]
PITCH={"c":0,"d":2,"e":4,"f":5,"g":7,"a":9,"b":11}
def mid(n): return PITCH[n[0]]+n.count('#')-n[1:].count('b')+12*(int(n[-1])+1)
from judge import in_key
@st.composite
def cases(draw):
    time=draw(st.sampled_from(["4/4","3/4","6/8","2/2","9/8","5/8","3/8"]))
    n,d=map(int,time.split("/")); full=16*n//d
    key=draw(st.integers(-4,4)); 
    div=draw(st.sampled_from([2,4,8,12]))
    two=draw(st.booleans())
    measures=[]
    for m in range(2):
        voices=[]
        marks=[]
        for v in range(1+two):
            left=full; words=[]; at=0
            while left:
                opts=[x for x in (("e",2),("q",4),("q.",6),("h",8),("s",1)) if x[1]<=left and (x[1]>=2 or div>=4)]
                if not opts: opts=[("s",1)]
                val,t=draw(st.sampled_from(opts))
                nm=draw(st.sampled_from(NAMES+["r"]))
                if v and nm!="r": nm=nm[:-1]+str(int(nm[-1])-1)
                words.append([nm,val,at]); at+=t; left-=t
            voices.append(words)
        # print accidentals
        state={}
        for w in sorted((w for ws in voices for w in ws), key=lambda w:w[2]):
            if w[0]=="r": continue
            step=w[0][0].upper(); k=step+w[0][-1]; alter=w[0].count('#')-w[0][1:].count('b')
            if state.get(k,in_key(step,key))!=alter:
                state[k]=alter; w[0]+="!"
        measures.append(" ; ".join(" ".join(f"{a}:{b}" for a,b,_ in ws) for ws in voices))
    wishes=draw(st.lists(st.tuples(st.integers(0,1),st.integers(0,2*full-1),st.integers(1,full)),max_size=4))
    return time,key,div,two," | ".join(measures),wishes,draw(st.integers(0,10**6)),full
@settings(max_examples=1500)
@given(cases())
def test_fuzz(case):
    time,key,div,two,music,wishes,seed,full=case
    source=score(Staff(music,"Soprano Alto" if two else "Soprano",time=time,key=key,divisions=div if full%4==0 or div>=4 else 4))
    r0=etree.fromstring(source)
    assert accidentals_that_mislead(r0)==[]
    timeline=read_timeline(Score(source)); choir=find_choir(timeline)
    regions=[Region(v,Fraction(s,4),min(Fraction(s+t,4),Fraction(2*full,4)),"flag") for v,s,t in wishes if v<=two]
    passage=build_passage(timeline,choir,regions)
    rng=np.random.default_rng(seed)
    pitch=passage.grid.pitch.copy(); struck=passage.grid.struck.copy()
    for v in choir.singers:
        for t in range(pitch.shape[1]):
            if passage.fill[v,t]:
                if rng.random()<.35 or t==0:
                    pitch[v,t]=-1 if rng.random()<.15 else (rng.integers(70,86) if v==0 else rng.integers(50,59)); struck[v,t]=True
                else:
                    pitch[v,t]=pitch[v,t-1]; struck[v,t]=not passage.fill[v,t-1]
    from dataclasses import replace
    from scoreassist.grid.passage import given_spellings
    filledg=replace(passage.grid,pitch=pitch,struck=struck)
    sp=spell(pitch,struck,filledg.fifths,given_spellings(passage))
    notes={}
    for v in choir.singers:
        for i,a,b in passage.segments(v):
            notes.setdefault((v,i),[]).append((a,b,notes_of(passage,filledg,sp,v,(i,a,b))))
    write_notes(timeline,choir,notes,[])
    saved=timeline.score.to_xml(); root=etree.fromstring(saved)
    assert schema_errors(saved)==[]
    assert collisions(root)==[]
    assert accidentals_that_mislead(root)==[]
    for row in lines(root):
        assert values_that_do_not_fit(root,row)==[]
        assert dangling_ties(root,row)==[]
    again=read_timeline(Score(saved)); c2=find_choir(again)
    g=encode(again,c2)
    for v in choir.singers:
        assert (g.pitch[v]==pitch[v]).all(), (g.pitch[v],pitch[v])
