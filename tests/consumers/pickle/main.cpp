#include <idcl/pickle/load.hpp>

#include <iostream>

int main() {
  const auto document = idcl::pickle::loads(
      "]q\x01(K\x01K\x02"
      "e.");  // what Python writes for [1, 2]
  const auto second = document.root.items()[1].integer();
  std::cout << "second item " << second << '\n';
  return second == 2 ? 0 : 1;
}
