# idcl_warnings: what our own tests, examples and benchmarks compile with. Never exported, never linked by idcl::idcl.
add_library(idcl_warnings INTERFACE)
target_compile_options(idcl_warnings INTERFACE
  $<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang,AppleClang>:-Wall -Wextra>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${IDCL_WERROR}>>:-Werror>)
