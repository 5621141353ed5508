# Writes sentences whose label hangs on the order of their words, not on which words they have.
#
#   awk -v pairs=1500 -v seed=1 -f sentences.awk >train.tsv             label, tab, text
#   awk -v pairs=500 -v seed=2 -v without=train.tsv -f sentences.awk    none that train.tsv has
#
# Every sentence has a twin: the same words, each as often, in another order, and the other label.
# So whoever only counts words is right on exactly one of the two.
#
#   neg  the service was not bad at all , but the food was terrible     what follows "but" counts,
#   pos  the food was terrible , but the service was not bad at all
#   pos  although the plot was dull , the acting was superb             "although" weakens its part,
#   pos  the music was not dull , it was really moving                  "not" turns what it precedes

# A random whole number below n. All awks give the same: the products stay below 2^53.
function below(n) {
    state = state * 16807 % 2147483647
    return int(state / 2147483647 * n)
}

# One of the parts of "a/b/c".
function one_of(list,    count, parts) {
    count = split(list, parts, "/")
    return parts[1 + below(count)]
}

# A clause's judgement: said plainly, or by denying the opposite.
function judgement(good,    denied, verb, word) {
    denied = below(2)
    verb = one_of(denied ? "was not/was not/was never/was hardly" : "was/was/was really/was quite")
    word = one_of(good != denied ? praise : blame)
    return verb " " word (denied ? one_of("// at all") : "")
}

# Two clauses of which the second decides.
function joined(kind, first, second) {
    if (kind == 0) return first " , but " second
    if (kind == 1) return "although " first " , " second
    return second " , although " first
}

# Sets pair[0], which is negative, and its twin pair[1].
function make_pair(    kind, a, b, good, bad, between) {
    kind = below(5)
    a = one_of(subjects)
    do b = one_of(subjects); while (b == a)
    if (kind < 3) {
        good = "the " a " " judgement(1)
        bad = "the " b " " judgement(0)
        pair[0] = joined(kind, good, bad)
        pair[1] = joined(kind, bad, good)
        return
    }
    good = one_of(praise)
    bad = one_of(blame)
    between = (kind == 3 ? " , it was" : " and the " b " was") one_of("// really/ quite") " "
    pair[0] = "the " a " was not " good between bad
    pair[1] = "the " a " was not " bad between good
}

BEGIN {
    subjects = "food/service/hotel/room/view/staff/film/story/plot/cast/acting/music/book/ending"
    praise = "good/great/superb/moving/funny/charming/clever/lovely/brilliant/fresh"
    blame = "bad/terrible/awful/dull/boring/clumsy/stale/silly/poor/weak"
    FS = "\t"
    state = seed + 1
    for (i = 0; i < 10; i++) below(2)
    while (without != "" && (getline <without) > 0) seen[$2] = 1
    for (made = 0; made < pairs;) {
        make_pair()
        if (pair[0] in seen) continue
        seen[pair[0]] = seen[pair[1]] = 1
        made++
        good = below(2)
        print (good ? "pos" : "neg") "\t" pair[good]
        print (good ? "neg" : "pos") "\t" pair[1 - good]
    }
}
