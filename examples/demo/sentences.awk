# Writes labelled sentences whose label hangs on the order of their words, not on which words they have.
#
#   awk -v pairs=1500 -v seed=1 -f sentences.awk > train.tsv            label, tab, text
#   awk -v pairs=400 -v seed=2 -v without=train.tsv -f sentences.awk    none that train.tsv has
#
# Every sentence has a twin: the same words, each as often, in another order, and the other label. So whoever
# only counts words is right on exactly one of the two.
#   pos  the food was terrible , but the service was not bad at all     what follows "but" counts,
#   neg  the service was not bad at all , but the food was terrible
#   pos  although the plot was dull , the acting was superb             "although" makes little of its part,
#   pos  the music was not dull , it was really moving                  "not" turns what it stands before.

# A random whole number below n. The same numbers in every awk: the products stay below 2^53.
function below(n) {
    state = state * 16807 % 2147483647
    return int(state / 2147483647 * n)
}

function one_of(list,    count, parts) {
    count = split(list, parts, "/")
    return parts[1 + below(count)]
}

# A clause's judgement: good = 1 or 0, said plainly or by denying the opposite.
function judgement(good,    denied, word) {
    denied = below(2)
    word = one_of(good != denied ? praise : blame)
    if (denied) return one_of("was not/was not/was never/was hardly") " " word one_of("// at all")
    return one_of("was/was/was really/was quite/was simply") " " word
}

# One pair: first[good] and its twin have the same words.
function make_pair(    a, b, good, bad, kind, p, n, more) {
    a = one_of(subjects)
    do b = one_of(subjects); while (b == a)
    kind = below(5)
    if (kind < 3) {
        good = "the " a " " judgement(1)
        bad = "the " b " " judgement(0)
        pair[1] = joined(kind, bad, good)
        pair[0] = joined(kind, good, bad)
        return
    }
    p = one_of(praise)
    n = one_of(blame)
    more = one_of("// really/ quite")
    pair[1] = kind == 3 ? "the " a " was not " n " , it was" more " " p \
                        : "the " a " was not " n " and the " b " was" more " " p
    pair[0] = kind == 3 ? "the " a " was not " p " , it was" more " " n \
                        : "the " a " was not " p " and the " b " was" more " " n
}

# The second clause decides.
function joined(kind, first, second) {
    if (kind == 0) return first " , but " second
    if (kind == 1) return "although " first " , " second
    return second " , although " first
}

BEGIN {
    FS = "\t"
    state = seed + 1
    for (i = 0; i < 10; i++) below(2)
    subjects = "food/service/story/plot/acting/music/film/book/hotel/room/staff/view/show/cast/ending/dialogue"
    praise = "good/great/superb/moving/funny/charming/clever/lovely/brilliant/fresh"
    blame = "bad/terrible/dull/boring/awful/clumsy/stale/silly/poor/weak"
    while (without != "" && (getline < without) > 0) seen[$2] = 1
    for (made = 0; made < pairs;) {
        make_pair()
        if (pair[0] in seen || pair[1] in seen) continue
        seen[pair[0]] = seen[pair[1]] = 1
        made++
        good = below(2)
        print (good ? "pos" : "neg") "\t" pair[good]
        print (good ? "neg" : "pos") "\t" pair[1 - good]
    }
}
