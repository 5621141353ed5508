# Writes questions about a document whose answers stand in it, as the places of their first and last word.
#
#   awk -v examples=4000 -v seed=1 -f spans.awk >train.tsv
#
# A document says of several people where they are, in any order; the question names one of them, in words that the
# document does not use. Places are counted from 0.

# A random whole number below n. All awks give the same: the products stay below 2^53.
function below(n) {
    state = state * 16807 % 2147483647
    return int(state / 2147483647 * n)
}

BEGIN {
    state = seed + 1
    for (i = 0; i < 10; i++) below(2)
    people = split("anna ben clara david emma felix grace henry iris jack", person, " ")
    verbs = split("is_in walked_to slept_in was_seen_in stayed_at", verb, " ")
    sizes = split("old new small big red", size, " ")
    places = split("mill garden kitchen library town_hall train_station post_office school park book_shop", place, " ")
    print "document\tquestion\tstart\tend"
    for (e = 1; e <= examples; e++) {
        facts = 2 + below(4)
        asked = 1 + below(facts)
        for (p = 1; p <= people; p++) free[p] = 1
        text = ""
        for (f = 1; f <= facts; f++) {
            do who = 1 + below(people); while (!free[who])
            free[who] = 0
            before = person[who] " " verb[1 + below(verbs)] " the"
            answer = place[1 + below(places)]
            if (below(2)) answer = size[1 + below(sizes)] " " answer
            gsub("_", " ", before)
            gsub("_", " ", answer)
            if (f == asked) {
                start = split(text " " before, words, " ")
                end = start + split(answer, words, " ") - 1
                question = (below(2) ? "where is " : "where did you see ") person[who] " ?"
            }
            text = text (f > 1 ? " " : "") before " " answer " ."
        }
        print text "\t" question "\t" start "\t" end
    }
}
