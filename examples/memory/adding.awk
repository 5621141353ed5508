# Writes the adding problem of S. Hochreiter and J. Schmidhuber (1997): a memory is needed over many steps.
#
#   awk -v examples=10000 -v steps=100 -v seed=1 -f adding.awk >train.csv
#
# A sequence has a number from 0 to 1 at each step, and two of the steps are marked: one in its first half, one in its
# second. The target is the sum of the two marked numbers. A line is a step; `seq` numbers the sequences.

# A random whole number below n. All awks give the same: the products stay below 2^53.
function below(n) {
    state = state * 16807 % 2147483647
    return int(state / 2147483647 * n)
}

BEGIN {
    state = seed + 1
    for (i = 0; i < 10; i++) below(2)
    print "seq,value,mark,sum"
    for (e = 1; e <= examples; e++) {
        half = int(steps / 2)
        first = 1 + below(half)
        second = 1 + half + below(steps - half)
        for (t = 1; t <= steps; t++) value[t] = below(10000) / 10000
        sum = value[first] + value[second]
        for (t = 1; t <= steps; t++) print e "," value[t] "," (t == first || t == second) "," sum
    }
}
