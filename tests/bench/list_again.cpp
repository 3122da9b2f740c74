// How long the first listing of a root takes, and one after which nothing has changed: list_again ROOT
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "runs/run_list.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  ablate::RunList list(argv[1]);
  std::size_t runs = 0;
  const auto milliseconds = [&] {
    const auto began = std::chrono::steady_clock::now();
    runs = list.list().size();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
  };
  const double first = milliseconds();
  std::vector<double> again;
  for (int i = 0; i < 9; ++i) again.push_back(milliseconds());
  std::ranges::nth_element(again, again.begin() + 4);
  fmt::print("{{\"runs\": {}, \"first\": {}, \"again\": {}}}\n", runs, first, again[4]);
}
