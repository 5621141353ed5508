# Writes OUT, a C file with the library's sources as library_sources[]:
#   cmake -DOUT=library_sources.c "-DFILES=a.rondo;b.rondo" -P embed.cmake
set(ENTRIES "")
set(COUNT 0)
foreach(FILE IN LISTS FILES)
  file(READ "${FILE}" TEXT)
  get_filename_component(NAME "${FILE}" NAME)
  string(REPLACE "\\" "\\\\" TEXT "${TEXT}")
  string(REPLACE "\"" "\\\"" TEXT "${TEXT}")
  string(REPLACE "\n" "\\n\"\n     \"" TEXT "${TEXT}")
  string(APPEND TEXTS "static const char text${COUNT}[] =\n     \"${TEXT}\";\n\n")
  string(APPEND ENTRIES "    {\"library/${NAME}\", text${COUNT}, sizeof text${COUNT} - 1},\n")
  math(EXPR COUNT "${COUNT} + 1")
endforeach()
file(WRITE "${OUT}" "/* Written by embed.cmake from compiler/library. */
#include \"front/elaborate.h\"

${TEXTS}const Source library_sources[] = {
${ENTRIES}};

const int library_count = ${COUNT};
")
