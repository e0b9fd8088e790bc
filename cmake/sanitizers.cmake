# A toolchain file: everything under the address and the undefined-behaviour sanitizer, the first finding ends the program.
set(CMAKE_CXX_FLAGS_INIT "-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer")
set(CMAKE_CXX_FLAGS_DEBUG_INIT "-O0")
